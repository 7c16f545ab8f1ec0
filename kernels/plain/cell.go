package plain

import "strings"

// formulaStarts are the first characters of what spreadsheets run, some of them behind blanks that they drop.
const formulaStarts = "=+-@\t\r\n"

// isFormula reports whether a field, behind apostrophes, begins as one that is run.
func isFormula(field string) bool {
	field = strings.TrimLeft(field, "'")
	return field != "" && strings.IndexByte(formulaStarts, field[0]) >= 0
}

// Defused is a field of a table that no spreadsheet takes for a formula: one that begins as such has an apostrophe before it,
// as has one that would be taken for such a field.
func Defused(field string) string {
	if isFormula(field) {
		return "'" + field
	}
	return field
}

// Restored is the field of which Defused made another.
func Restored(field string) string {
	if strings.HasPrefix(field, "'") && isFormula(field) {
		return field[1:]
	}
	return field
}
