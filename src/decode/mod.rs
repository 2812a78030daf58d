//! PURE bytes to Records and Faults: charset, csv, spreadsheet, layout.
