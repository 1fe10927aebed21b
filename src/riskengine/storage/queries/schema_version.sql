-- Which migration the schema is at. Reads: alembic_version (one row).
SELECT version_num FROM alembic_version
