#!/bin/busybox sh
# The guest's first process: what a kernel needs to be of use, and then a command a line from the console, each answered by "done STATUS".
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t sysfs sys /sys
$bb mount -t devtmpfs dev /dev
$bb --install -s /bin
export PATH=/bin
echo 4 > /proc/sys/vm/nr_hugepages
# By their names, which begin with numbers.
for module in /modules/*; do insmod "$module" || echo "FAILED module: $module"; done
stty -echo
echo ready
while read -r line; do
  eval "$line"
  echo "done $?"
done
poweroff -f
