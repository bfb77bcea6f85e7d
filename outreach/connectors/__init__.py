"""One module per vendor: values in, values out."""
