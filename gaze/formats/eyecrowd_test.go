package formats

import (
	"strings"
	"testing"
)

// The tables are written from the one in the shared data, which TestEyeCrowdOfTheSharedData reads whole.
const crowdHeader = "image,subject,fix_index,x,y,duration_ms,image_width,image_height\n"

func init() {
	sniffSamples["eyecrowd"] = []string{crowdHeader, strings.ReplaceAll(crowdHeader, ",", "\t")}
}

func TestEyeCrowd(t *testing.T) {
	testCases(t, "eyecrowd", "g.csv", ReadOptions{}, map[string]readCase{
		"byte-order mark, CRLF, an empty last column": {"\ufeff" + strings.ReplaceAll(strings.TrimSpace(crowdHeader)+",\n1.jpg,1,1,10,20,260,1024,768,\n1.jpg,1,2,30,40,100,1024,768,\n", "\n", "\r\n"),
			"1.jpg/1 1024x768 line 2: (10 20 0+0.26) (30 40 0.26+0.1)\n"},
		"tabs and quotes": {strings.ReplaceAll(crowdHeader+"\"1, a.jpg\"\t1\t1\t10\t20\t260\t1024\t768\n", ",", "\t"),
			"1\t a.jpg/1 1024x768 line 2: (10 20 0+0.26)\n"},
		"readers mixed": {crowdHeader + "1,A,1,10,20,1000,100,100\n1,B,1,11,21,1000,100,100\n1,A,2,12,22,1000,100,100\n",
			"1/A 100x100 line 2: (10 20 0+1) (12 22 1+1)\n1/B 100x100 line 3: (11 21 0+1)\n"},
		"missing positions leave their time": {crowdHeader + "1,A,1,.,20,1000,100,100\n1,A,2,NaN,n/a,500,100,100\n1,A,3,,,500,100,100\n1,A,4,12,22,1000,100,100\n",
			"1/A 100x100 line 2: (12 22 2+1)\n3 without a position\n"},
		"a few outside": {crowdHeader + "1,A,1,100,20,1000,100,100\n1,A,2,0,0,500,100,100\n1,A,3,99.9,99.9,500,100,100\n",
			"1/A 100x100 line 2: (0 0 1+0.5) (99.9 99.9 1.5+0.5)\n1 outside the image\n"},
	})
}

// Positions are those of the original image, however small the stored one is.
func TestEyeCrowdOfTheSharedData(t *testing.T) {
	set, err := Load(shared(t, "data", "eyecrowd", "fixations.csv"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fixations := 0
	for _, r := range set.Recordings {
		fixations += len(r.Fixations)
	}
	if len(set.Recordings) != 7997 || set.Formats[0] != "eyecrowd" || set.Dropped.Outside != 3 || set.Dropped.Missing != 0 || fixations/len(set.Recordings) != 15 {
		t.Errorf("%d recordings of %s with %d fixations, dropped %s; want 7997 with 15.8 each and 3 outside", len(set.Recordings), set.Formats, fixations, set.Dropped)
	}
	first := set.Recordings[0]
	set.Recordings = set.Recordings[:1]
	items, _, err := set.Align([]Image{{Name: first.Image, Width: 384, Height: 288}}, AlignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := items[0][0].Scaled(384, 288); first.Width != 1024 || first.Height != 768 || !within(got.Fixations[0].X, 479.3*384/1024, 1e-9) || !within(got.Fixations[0].Y, 456.1*288/768, 1e-9) {
		t.Errorf("%g x %g, the first fixation at (%g, %g) of the stored image", first.Width, first.Height, got.Fixations[0].X, got.Fixations[0].Y)
	}
}

func FuzzEyeCrowd(f *testing.F) {
	f.Add([]byte(crowdHeader + "1,A,1,10,20,1000,100,100\n1,B,1,11,21,1000,100,100\n1,A,2,12,22,1000,100,100\n"))
	f.Add([]byte(crowdHeader + "1,A,1,nan,-1e300,1e300,1,1\n1,A,2,0x1p-2,\"0\",0,1,1,\n"))
	f.Fuzz(func(t *testing.T, in []byte) { check(t, "eyecrowd", "g.csv", in) })
}
