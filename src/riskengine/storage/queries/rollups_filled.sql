-- Says how far the generation under way is filled. Writes: rollups. $1: up to this id.
UPDATE rollups SET reached = $1
