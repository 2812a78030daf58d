//! Messages about findings, explain, the because of a rule.

messages! {}
