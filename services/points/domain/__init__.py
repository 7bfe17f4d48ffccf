"""The rules of points, one file per aggregate, and `acceptance`, which weighs a patrol over four of them."""
