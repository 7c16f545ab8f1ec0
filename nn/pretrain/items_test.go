package pretrain

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadRowsRefuses(t *testing.T) {
	header := strings.Join(rowColumns[:columnsBeforePixels], ",") + "\n"
	for text, want := range map[string]string{
		"":                               "items.csv:1: expected the columns",
		"image,label\n":                  "items.csv:1: expected the columns",
		header + "a,b,train,,true,1,2\n": "wrong number of fields",
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

// FuzzReadRows demands that whatever is read is written and read again as it is.
func FuzzReadRows(f *testing.F) {
	f.Add(strings.Join(rowColumns, ",") + "\na.png,g1,train,p1,true,1,2,0.250\n\"b,\"\"c\",,,,false,0,0,0.000\n")
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
			if !slices.Equal(rows[i].fields(), again[i].fields()) {
				t.Errorf("%v became %v", rows[i], again[i])
			}
		}
	})
}
