package formats

import "testing"

// The format is this project's own: the tables are written from its description.
const tableHeader = "image,reader,x [px],y [px],start [s],duration [ms],width,height\n"

func init() {
	sniffSamples["table"] = []string{tableHeader, "x [norm];y [norm];duration\n0.1;0.2;1.5\n"}
}

func TestTable(t *testing.T) {
	testCases(t, "table", "g.csv", ReadOptions{}, map[string]readCase{
		"an image seen without a fixation":             {tableHeader + "a,R,,,,,10,10\n", "a/R 10x10 line 2:\n"},
		"a file of one image, seen without a fixation": {"x [px],y [px],duration\n", "/ 0x0 line 1:\n"},
		"table": {tableHeader + "a,R,1,2,0.5,300,10,10\na,R,3,4,1,300,10,10\n",
			"a/R 10x10 line 2: (1 2 0.5+0.3) (3 4 1+0.3)\n"},
		"table in fractions": {"x [norm];y [norm];duration\n0.1;0.2;1.5\n0.3;0.4;1\n",
			"/ 1x1 line 2: (0.1 0.2 0+1.5) (0.3 0.4 1.5+1)\n"},
		"table in fractions of a known frame": {"x [norm],y [norm],duration [s],width,height\n0.1,0.2,1.5,200,100\n", "/ 200x100 line 2: (20 20 0+1.5)\n"},
		"table of an unknown frame":           {"image,x [px],y [px],duration\na,500,700,1\n", "a/ 0x0 line 2: (500 700 0+1)\n"},
		"negative starts are before the image": {tableHeader + "a,R,1,2,-0.5,300,10,10\n",
			"a/R 10x10 line 2: (1 2 -0.5+0.3)\n"},
	})
}

func FuzzTable(f *testing.F) {
	f.Add([]byte(tableHeader + "a,R,1,2,0.5,300,10,10\na,R,3,4,1,300,10,10\n"))
	f.Add([]byte("x [norm];y [norm];duration [ms]\n0.1;0.2;1.5\n;;\n"))
	f.Add([]byte("duration\tX\ty\tstart[ms]\n1\t2\t3\t4\n"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "table", "g.csv", in) })
}
