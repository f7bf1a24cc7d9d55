-- Sieves are made of decoded bodies now: those made of compressed ones are made again.
DELETE FROM sieves;
DELETE FROM slices;
