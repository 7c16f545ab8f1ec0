package profilepage

import (
	_ "embed"
	"html/template"
	"io"

	"gzpt/nn/profile"
)

//go:embed page.html
var source string

// colours is how many devices are drawn in colours of their own.
const colours = 4

// WritePage writes the page.
func WritePage(w io.Writer, r *profile.Report, by profile.Grouping) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"about": func() string { return about(r) }, "summary": summary, "name": name, "columns": columns,
		"cells":    func(row profile.Row) []string { return cells(r, row) },
		"roofline": func() template.HTML { return roofline(r, by) }, "rows": func() []profile.Row { return profile.Rows(r.Devices, by) },
		"colour": func(i int) int { return i % colours },
	}).Parse(source)
	if err != nil {
		return err
	}
	return t.Execute(w, r)
}
