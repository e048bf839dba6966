"""What must not be lost: the ledger, the store, the files written from it."""
