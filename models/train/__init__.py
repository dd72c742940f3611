"""The recipe of `cexpr-s`, from the data to the shipped file."""
