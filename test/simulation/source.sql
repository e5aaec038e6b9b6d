SELECT * FROM simulated_source
