-- Notes that a month is archived no more. Writes: archives by primary key. $1: its first day.
DELETE FROM archives WHERE month = $1
