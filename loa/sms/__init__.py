"""SMS: texts into parts, recipients onto lanes, messages through gateways, receipts back."""
