package words

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"gzpt/nn/data"
)

func TestChanges(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"byol", "byol", 0}, {"bylo", "byol", 1}, {"epoch", "epochs", 1}, {"moco", "mcoo", 1}, {"abc", "xyz", 3}} {
		if got := changes(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, expected %d", c.a, c.b, got, c.want)
		}
	}
}

// A path comes once, wherever the parts of a message come from.
func TestPathOnce(t *testing.T) {
	gone := &fs.PathError{Op: "open", Path: "/a b/x.png", Err: os.ErrNotExist}
	for _, c := range []struct {
		err  error
		want string
	}{
		{gone, "open /a b/x.png: file does not exist"},
		{fmt.Errorf("/a b/x.png: %w", gone), "/a b/x.png: file does not exist"},
		{fmt.Errorf("/a b/x.png: image %q: %w", "x.png", gone), `/a b/x.png: image "x.png": file does not exist`},
		{data.Problem{File: "/d/i.png", Reason: "image \"i\": /d/i.png: cut off"}, `/d/i.png: image "i": cut off`},
		{fmt.Errorf("expected /d/n.csv or n.csv: %w", &fs.PathError{Op: "stat", Path: "n.csv", Err: os.ErrNotExist}), "expected /d/n.csv or n.csv: file does not exist"},
		{errors.Join(gone, errors.New("and more")), "open /a b/x.png: file does not exist\nand more"},
		{fmt.Errorf("%w, beside /a b/x.png and others", gone), "open /a b/x.png: file does not exist, beside /a b/x.png and others"},
	} {
		if got := Message(c.err); got != c.want {
			t.Errorf("%q, expected %q", got, c.want)
		}
	}
}
