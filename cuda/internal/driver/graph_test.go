package driver

import (
	"errors"
	"reflect"
	"testing"
)

// number is a function in name.
type number int

func (number) Name() string                                  { return "" }
func (number) Attributes() FunctionAttributes                { return FunctionAttributes{} }
func (number) SetDynamicShared(int) error                    { return nil }
func (number) BlocksPerMultiprocessor(int, int) (int, error) { return 0, nil }

// leaves are the values inside v that have no parts, but for the arguments and the host memory, which are leaves too.
func leaves(v reflect.Value) (all []reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			all = append(all, leaves(v.Field(i))...)
		}
	case reflect.Array:
		for i := range v.Len() {
			all = append(all, leaves(v.Index(i))...)
		}
	default:
		all = []reflect.Value{v}
	}
	return all
}

// TestSameComparesEverything: work that differs in any field is not the same, so that no graph keeps what was before. A field that
// somebody adds is tried too.
func TestSameComparesEverything(t *testing.T) {
	some := func() *Work {
		return &Work{Launch: Launch{Function: number(1), Arguments: []byte{1, 2}}, Host: []byte{3, 4}}
	}
	w := some()
	for i := range leaves(reflect.ValueOf(w).Elem()) {
		other := some()
		other.Host = w.Host
		if !w.Same(other) {
			t.Fatal("equal work is not the same")
		}
		switch v := leaves(reflect.ValueOf(other).Elem())[i]; v.Kind() {
		case reflect.Int:
			v.SetInt(7)
		case reflect.Uint8, reflect.Uint32, reflect.Uint64:
			v.SetUint(1)
		case reflect.Interface:
			v.Set(reflect.ValueOf(number(2)))
		case reflect.Slice:
			changed := append([]byte(nil), v.Bytes()...)
			changed[1] = 9
			v.SetBytes(changed)
		default:
			t.Fatalf("leaf %d is of kind %v, which nobody here changes", i, v.Kind())
		}
		if w.Same(other) {
			t.Errorf("%+v counts as %+v", other, w)
		}
	}
	for _, change := range []func(w *Work){
		func(w *Work) { w.Host = w.Host[:1] }, func(w *Work) { w.Host = w.Host[1:] }, func(w *Work) { w.Arguments = w.Arguments[:1] },
		func(w *Work) { w.Host = append([]byte(nil), w.Host...) }, // the same bytes elsewhere
	} {
		other := *w
		if change(&other); w.Same(&other) {
			t.Errorf("%+v counts as %+v", other, w)
		}
	}
}

// TestOneByOneKeepsItsOwn: work of a graph does not change with what it was made of.
func TestOneByOneKeepsItsOwn(t *testing.T) {
	arguments := []byte{1, 2}
	list := []Work{{Launch: Launch{Function: number(1), Arguments: arguments}}}
	g := NewOneByOne(list)
	list[0].Grid[0], arguments[0] = 5, 9
	if w := g.work[0]; w.Grid[0] != 0 || w.Arguments[0] != 1 {
		t.Errorf("work %+v", w)
	}
	if err := g.Set(0, &list[0]); err != nil {
		t.Fatal(err)
	}
	arguments[0] = 3
	if w := g.work[0]; w.Grid[0] != 5 || w.Arguments[0] != 9 {
		t.Errorf("work %+v", w)
	}
	var failed *WorkError
	if err := g.Set(0, &Work{Kind: Copy}); !errors.As(err, &failed) || !errors.Is(err, ErrNotAlike) {
		t.Errorf("error %v, expected that the work is not alike", err)
	}
}
