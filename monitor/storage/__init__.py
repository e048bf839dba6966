"""What must not be lost: the ledger, the store, the files written from it.

ledger      the books of a shift: what is counted, shown and corrected
writer      what waits to be written, and when it is tried again
store       rows in and out;  schema  its tables;  database  its connection
migrate     which version a store has;  migrations  one step each;  aside  the copy meanwhile
compliance  what counts as what;  totals  by shift, day and hour
unstored    the store of a recording, in memory
csv_files   the text of CSV;  csv_log  the list that grows;  export  both files at once
events, snapshots   lines and pictures beside the store
places      which files may be written, and how they are opened
"""
