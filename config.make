# Our objects are C++20; the flag must not reach nginx's own C objects. nginx names an object
# addon/<parent folder>/<file>.o.
for kt_file in $kt_files; do
    kt_object=$NGX_OBJS/addon/nginx/ngx_http_keeptrusts_$kt_file.o
    cat << END >> $NGX_MAKEFILE

$kt_object: CFLAGS += -std=c++20 -fvisibility=hidden -ffunction-sections -fno-plt

END
done
