"""What listens: pages and callbacks over HTTP."""
