"""What generated code imports: operations, models, readers, validation, arguments and decoding."""
