"""The only session keys, behind functions with types.

What a link must restore lives in the query string: filters bind themselves to it, and a linked wafer view keeps its
choices there. A view that is not linked (there may be several on a page) keeps them in the session.
"""
