"""The plain kernels: how every primitive runs, forward and backward, in Numba.

`operations` says what can be run, in pure data; `registry` runs it and states the protocol. Importing this
package (or `operations`) imports neither numba nor numpy; importing `registry` imports both.
"""
