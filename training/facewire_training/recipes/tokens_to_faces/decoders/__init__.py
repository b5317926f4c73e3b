"""Face decoders of the paper and our own: rows of an encoder in, faces out."""
