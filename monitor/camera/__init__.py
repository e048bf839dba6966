"""Where pictures come from: cameras, streams, clips, folders, and the thread that reads them."""
