DROP TABLE captures; DROP TABLE charges;
