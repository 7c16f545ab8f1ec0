package ptxsim

var functionTests, matrixTests []cudaTest
