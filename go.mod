module gzpt

go 1.26
