package formats

import (
	"fmt"
	"strings"
	"testing"
)

// benchmarkRead reads a text over and over; the rate is that of its bytes.
func benchmarkRead(b *testing.B, format, file, text string, o ReadOptions) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readText(file, format, text, o); err != nil {
			b.Fatal(err)
		}
	}
}

// Twenty seconds at 1 kHz, of which a tracker's file has many.
func BenchmarkEyeLink(b *testing.B) {
	var text strings.Builder
	text.WriteString("MSG 1 GAZE_COORDS 0 0 1919 1079\nSTART 0 LEFT SAMPLES EVENTS\n")
	for i := range 20_000 {
		fmt.Fprintf(&text, "%d\t  %d.3\t  541.5\t  288.0\t.....\n", i, 900+i%100)
		if i%250 == 249 {
			fmt.Fprintf(&text, "EFIX L %d %d 200 %d.5 541.5 288\n", i-199, i, 900+i%100)
		}
	}
	text.WriteString("END 20000 SAMPLES EVENTS RES 40 40\n")
	b.Run("fixations", func(b *testing.B) { benchmarkRead(b, "eyelink", "s.asc", text.String(), ReadOptions{}) })
	b.Run("samples", func(b *testing.B) { benchmarkRead(b, "eyelink", "s.asc", text.String(), ReadOptions{Samples: true}) })
}

// Five minutes at 60 Hz.
func BenchmarkTobii(b *testing.B) {
	header, row, _ := strings.Cut(tobiiNew, "\n")
	row, _, _ = strings.Cut(row[strings.Index(row, "116\t"):], "\n")
	var text strings.Builder
	text.WriteString(header + "\n")
	for i := range 18_000 {
		fields := strings.Split(row, "\t")
		fields[0], fields[16] = fmt.Sprint(i*17), fmt.Sprint(i/20)
		text.WriteString(strings.Join(fields, "\t") + "\n")
	}
	b.Run("fixations", func(b *testing.B) { benchmarkRead(b, "tobii", "g.tsv", text.String(), ReadOptions{}) })
	b.Run("samples", func(b *testing.B) { benchmarkRead(b, "tobii", "g.tsv", text.String(), ReadOptions{Samples: true}) })
}
