"""The second legal way to send: the operators broadcast themselves, on an official request.

`operator-package` hands over a request for each operator - letter, text, area, window, form for the results - and takes
the results back from the operator's own letter. No number of anybody is in it.
"""
