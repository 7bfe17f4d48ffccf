"""What other systems may rely on: the published and intake events of each service, their envelope and topics."""
