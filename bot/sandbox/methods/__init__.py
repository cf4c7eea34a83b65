"""The Web API methods, one module per family and one table of all."""
