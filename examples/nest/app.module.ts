import { fileURLToPath } from 'node:url'
import { Module } from '@nestjs/common'
import { TerminusModule } from '@nestjs/terminus'
import { ChangeoverModule } from 'changeover/nest'
import { metrics } from 'changeover/prometheus'
import { Registry } from 'prom-client'
import { ProductsService } from './products.service.ts'
import { createShop } from './reloader.ts'
import { ShopController } from './shop.controller.ts'

export const configPath = process.env.CONFIG_FILE ?? fileURLToPath(new URL('config.json', import.meta.url))

const register = new Registry()
export const reloader = createShop(configPath)
metrics(reloader, { register }) // before the start, so that the first transaction counts

/** The module starts the reloader before the application listens, and closes it after the server. */
@Module({
  imports: [ChangeoverModule.forRoot({ reloader }), TerminusModule],
  controllers: [ShopController],
  providers: [ProductsService, { provide: Registry, useValue: register }],
})
export class AppModule {}
