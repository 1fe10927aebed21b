-- Removes a process that ends. Writes: processes by primary key.
DELETE FROM processes WHERE process_id = $1
