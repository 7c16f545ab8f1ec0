module gzpt

go 1.26.0

require (
	github.com/klauspost/cpuid/v2 v2.4.2
	github.com/mumax/3 v0.0.0-20261020084628-54efa12420b2
	github.com/spf13/pflag v1.1.0
	golang.org/x/image v0.47.0
	golang.org/x/sys v0.49.0
	golang.org/x/term v0.47.0
	golang.org/x/text v0.44.0
	gonum.org/v1/gonum v0.17.0
)
