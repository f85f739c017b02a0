-- Gives claims back. KEYS claims; ARGV prefix of hosts, owner, sources
for i = 3, #ARGV do
  unclaim(KEYS[1], ARGV[1], ARGV[i], ARGV[2])
end
return 0
