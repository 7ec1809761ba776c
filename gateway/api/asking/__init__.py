"""Read what a request asks: parameters, values, conditions, figures."""
