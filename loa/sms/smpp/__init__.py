"""SMPP 3.4: our own session to an operator's SMSC, and an SMSC of our own to try it on.

pdu.py        octets <-> fields          link.py      one connection: frames, answers, timers
texts.py      words <-> octets           session.py   sending over connections that come and go
reports.py    what a deliver_sm says     inbox.py     what is pushed: stored first, acknowledged then
options.py    what a lane may say        dial.py      making a connection
simulator.py  the other side
"""
