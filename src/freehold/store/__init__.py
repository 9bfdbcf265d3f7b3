"""What is kept on disk: the ledger of what was accepted, fetched, verified, planned and run."""
