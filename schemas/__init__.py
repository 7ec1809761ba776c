"""The words of the house: what a dataset, a feed, a row and a query are."""
