import { Controller, Get, Header, Inject, Sse } from '@nestjs/common'
import { HealthCheck, HealthCheckService } from '@nestjs/terminus'
import { ChangeoverHealthIndicator, InjectConfig, type Live, Unpinned } from 'changeover/nest'
import { Registry } from 'prom-client'
import { interval, map } from 'rxjs'
import { ProductsService } from './products.service.ts'
import type { Config } from './reloader.ts'

const EVERY_MS = 100

@Controller()
export class ShopController {
  @Inject(ProductsService) readonly products!: ProductsService
  @Inject(ChangeoverHealthIndicator) readonly config!: ChangeoverHealthIndicator
  @Inject(HealthCheckService) readonly health!: HealthCheckService
  @Inject(Registry) readonly register!: Registry
  @InjectConfig((config: Config) => config.page) readonly page!: Live<Config['page']>

  @Get('products')
  list() {
    return this.products.list()
  }

  /** It lasts, so it holds nothing: each event shows what serves then. */
  @Sse('limits')
  @Unpinned()
  limits() {
    return interval(EVERY_MS).pipe(map(() => ({ data: String(this.page.current.limit) })))
  }

  @Get('metrics')
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  @Unpinned()
  metrics() {
    return this.register.metrics()
  }

  @Get('live')
  live() {
    return { live: true }
  }

  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([() => this.config.isHealthy()])
  }
}
