"""Arrow tables of a clip's result, and the CSV and Parquet files that hold them."""
