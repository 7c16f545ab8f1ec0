package pretrain

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gzpt/gaze"
	"gzpt/nn/evaluate"
)

func TestReadRowsRefuses(t *testing.T) {
	header := strings.Join(rowColumns[:columnsBeforePixels], ",") + "\n"
	for text, want := range map[string]string{
		"":                               "items.csv:1: expected the columns",
		"image,label\n":                  "items.csv:1: expected the columns",
		header + "a,b,train,,true,1,2\n": "items.csv:2: 7 fields, expected 8",
		header + "a,b,train,,true,1,2,3\nb,b,train,,true,one,2,3\n": `items.csv:3: strconv.Atoi: parsing "one"`,
		header + "a,b,train,,true,1,2,long\n":                       "items.csv:2: ",
	} {
		path := filepath.Join(t.TempDir(), "items.csv")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadRows(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, expected %q", text, err, want)
		}
	}
}

// Recordings of more items than there are, or of fewer, are those of other items.
func TestRowsOfOtherRecordings(t *testing.T) {
	b := newTrial(t)
	for _, recordings := range [][][]gaze.Recording{b.Gaze[1:], append(slices.Clone(b.Gaze), nil), {}} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "pretrain: Rows: ") {
					t.Errorf("recordings of %d items: panic %q", len(recordings), text)
				}
			}()
			Rows(b.Images, recordings)
		}()
	}
}

// FuzzReadRows demands that whatever is read is written and read again as it is.
func FuzzReadRows(f *testing.F) {
	f.Add(strings.Join(rowColumns, ",") + "\na.png,g1,train,p1,true,1,2,0.250,12ab\n\"b,\"\"c\",,,,false,0,0,0.000,\n")
	f.Add(strings.Join(rowColumns[:columnsBeforePixels], ",") + "\na.png,g1,train,p1,true,1,2,0.250\n")
	f.Add("image\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "items.csv")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		rows, err := ReadRows(path)
		if err != nil {
			return
		}
		if err := WriteRows(path, rows); err != nil {
			t.Fatal(err)
		}
		again, err := ReadRows(path)
		if err != nil || len(again) != len(rows) {
			t.Fatalf("%v: %v", rows, err)
		}
		for i := range rows {
			if !slices.Equal(rows[i].fields(), again[i].fields()) || rows[i].Pixels != again[i].Pixels {
				t.Errorf("%v became %v", rows[i], again[i])
			}
		}
	})
}

// Names come back to the byte, and no field begins as one that a spreadsheet runs.
func TestRowsOfAnyName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.csv")
	var rows []Row
	for _, name := range []string{"=1+1.png", "+a", "-a", "@a", "\ta", "\ra", "\na", "'=a", "''=a", "'a", "'", "''", "a\r\nb.png", "a\nb", "a\rb", "a\r", "a\"b\",\"\"",
		"\"", ",", " a", "a ", `\.`, "#a", "\x1b[2J", "\xff", "\u202egnp.a", ";=1", "", "=cmd|'/c calc'!A0"} {
		rows = append(rows, Row{Image: name, Label: name, Split: name, Group: name, Dwell: -1})
	}
	if err := WriteRows(path, rows); err != nil {
		t.Fatal(err)
	}
	if again, err := ReadRows(path); err != nil || !slices.Equal(again, rows) {
		t.Errorf("%+v, %v, expected %+v", again, err, rows)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll() // as others read it
	if err != nil || len(all) != len(rows)+1 {
		t.Fatalf("%d rows, %v", len(all), err)
	}
	for _, fields := range all {
		for _, field := range fields {
			if strings.ContainsAny(field[:min(len(field), 1)], "=+-@\t\r\n") {
				t.Errorf("a spreadsheet runs %q", field)
			}
		}
	}
}

// A file of rows from before they had pixels is read, and one with pixels keeps them.
func TestRowsOfBothVersions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.csv")
	old := strings.Join(rowColumns[:columnsBeforePixels], ",") + "\na,b,train,,true,1,2,3\n"
	if err := os.WriteFile(path, []byte(old), 0o666); err != nil {
		t.Fatal(err)
	}
	rows, err := ReadRows(path)
	if err != nil || len(rows) != 1 || rows[0].Pixels != "" || rows[0].Fixations != 2 {
		t.Fatalf("%+v, %v", rows, err)
	}
	rows[0].Pixels = "12ab"
	if err := WriteRows(path, rows); err != nil {
		t.Fatal(err)
	}
	if again, err := ReadRows(path); err != nil || again[0] != rows[0] {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestSameRows(t *testing.T) {
	was := Row{Image: "a", Label: "x", Split: "train", Group: "p", Training: true, Readers: 1, Fixations: 2, Dwell: 3, Pixels: "12"}
	for name, c := range map[string]struct {
		change func(*Row)
		want   string // of the error
		labels int
	}{
		"nothing":        {func(*Row) {}, "", 0},
		"label":          {func(r *Row) { r.Label = "y" }, "", 1},
		"split":          {func(r *Row) { r.Split = "test" }, `its split has changed from "train" to "test"`, 0},
		"group":          {func(r *Row) { r.Group = "q" }, `its group has changed from "p" to "q"`, 0},
		"gaze":           {func(r *Row) { r.Fixations = 3 }, "its gaze has changed", 0},
		"pixels":         {func(r *Row) { r.Pixels = "34" }, "its pixels have changed", 0},
		"unknown pixels": {func(r *Row) { r.Pixels = "" }, "", 0},
		"place":          {func(r *Row) { r.Image = "b" }, `image "a" has changed its place: "b" is in it`, 0},
	} {
		now := was
		c.change(&now)
		relabelled, err := SameRows("items.csv", []Row{was}, []Row{now})
		if len(relabelled) != c.labels || (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrChanged)) {
			t.Errorf("%s: %v, %v", name, relabelled, err)
		}
	}
	if _, err := SameRows("items.csv", []Row{was}, nil); err == nil || !strings.Contains(err.Error(), `image "a" is gone`) {
		t.Error(err)
	}
	if _, err := SameRows("items.csv", nil, []Row{was}); err == nil || !strings.Contains(err.Error(), `image "a" is new`) {
		t.Error(err)
	}
}

func TestCheckGroups(t *testing.T) {
	for _, c := range []struct {
		rows []Row
		ok   bool
	}{
		{[]Row{{Group: "p", Split: "train"}, {Group: "p", Split: "Training"}, {Group: "q", Split: "test"}}, true},
		{[]Row{{Group: "", Split: "train"}, {Group: "", Split: "test"}}, true},
		{[]Row{{Group: "p", Split: "train"}, {Group: "p"}}, true},
		{[]Row{{Group: "p", Split: "val"}, {Group: "p"}}, false},
		{[]Row{{Group: "p", Split: "val"}, {Group: "p", Split: "test"}}, false},
		{[]Row{{Group: "p", Split: "train"}, {Group: "p", Split: "test"}}, false},
	} {
		if err := CheckGroups(c.rows); (err == nil) != c.ok || err != nil && !errors.Is(err, evaluate.ErrSplit) {
			t.Errorf("%+v: %v", c.rows, err)
		}
	}
}
