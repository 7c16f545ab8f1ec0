//go:build cuda && gpu

package mumax

const simulated = false
