"""Seeded defects: small wrong servers, consumers and clients, by which the kit itself is judged.

A wrong server exchanges one part of the simulator, a wrong consumer or client one method of a good
one; what is sound knows of none. The self-check runs the suite against every one of them. A folder
for each subject has its defects, and in ``seeded.py`` how one is judged.
"""
