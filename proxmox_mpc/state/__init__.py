"""The recorded state: what a pull last saw of a cluster, and the history of every object.

Import the part that is needed: ``recorded`` and ``light`` read with the standard library alone and start fast;
``store`` writes, and brings SQLAlchemy along.
"""
