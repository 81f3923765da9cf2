"""Posters: copy and a theme become a print PDF, a deck a designer can edit, and a picture for screens.

One scene in millimetres is made once - boxes by flexbox, text shaped, fitted and broken - and written three ways, so
the three show the same thing. Reading order: `template` and `tokens` (what people write), `layout` (to a scene),
`scene` (the values), `pdf`, `pptx`, `raster` (the writers), `checks`, `channel`.
"""
