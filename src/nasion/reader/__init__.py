"""From files to folders: recordings read one after the other, with all that is written of them."""
