"""A look-alike of the Gemini Developer API and of Vertex AI, with faults by name and traffic.

For demos, tests and benchmarks, so that everything can be shown without a Google key and every
failure can be had on demand. Rules for future edits: the same request gives the same bytes
(nothing is drawn from a clock or an unseeded generator), shapes come from recorded traffic or
are marked `from memory`; nothing but `cli/demo` and tests imports this package.
"""
