// An SMSC made of the npm package "smpp": node server.js FOLDER-OF-NODE-MODULES [quiet | key.pem cert.pem]
// First line on stdout: its port. Then, unless it is quiet, a line of JSON for each submit_sm and each deliver_sm_resp.
const [modules, ...rest] = process.argv.slice(2);
const smpp = require(modules + '/smpp');
const fs = require('fs');
const quiet = rest[0] === 'quiet';
const tls = rest.length === 2 ? { key: fs.readFileSync(rest[0]), cert: fs.readFileSync(rest[1]) } : {};
const say = (what) => quiet || process.stdout.write(JSON.stringify(what) + '\n');
let taken = 0;
const server = smpp.createServer(tls, (session) => {
  session.on('error', () => session.destroy());
  session.on('bind_transceiver', (pdu) => {
    const bad = pdu.password === 'wrong' ? smpp.ESME_RINVPASWD : 0;
    session.send(pdu.response({ system_id: 'npm', command_status: bad }));
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => session.send(pdu.response(), () => session.close()));
  session.on('submit_sm', (pdu) => {
    const text = pdu.message_payload || pdu.short_message, id = (++taken).toString(16);
    const { system_id, password, socket, ...fields } = pdu;
    say({ ...fields, text: text.message, udh: text.udh && Buffer.concat(text.udh).toString('hex') });
    if (pdu.destination_addr.endsWith('88')) return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    session.send(pdu.response({ message_id: id }));
    if (quiet || !pdu.registered_delivery) return;
    const receipt = `id:${parseInt(id, 16)} sub:001 dlvrd:001 submit date:2709100800 done date:2709100801 stat:DELIVRD err:000 text:${text.message.slice(0, 20)}`;
    const back = { source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4 };
    session.deliver_sm({ ...back, short_message: receipt }, (answer) => say({ acknowledged: answer.command_status }));
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.resume().on('end', () => process.exit(0)); // whoever started it is gone
