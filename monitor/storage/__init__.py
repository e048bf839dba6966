"""What must not be lost: the ledger, the store, the files written from it.

ledger      the books of a shift: what is counted, shown and corrected
writer      what waits to be written, and when it is tried again
store_writer, store_thread   the store written at once, or by a thread;  spool  what waits for it
store       rows in and out;  counts  what the database counts;  schema  its tables
database    its connection, and what differs between SQLite and a server
retention   what is old enough to be deleted;  claims  which cameras this program counts
migrate     which version a store has;  migrations  one step each;  aside  the copy meanwhile
compliance  what counts as what;  totals  by shift, day and hour
csv_files   the text of CSV;  csv_log  the list that grows;  export  both files at once
events, snapshots   lines and pictures beside the store
places      which files may be written, and how they are opened
"""
